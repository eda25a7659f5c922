/**
 * Indexes that any thread reads without a lock: from an event to the accounts that might want it, and from a device to
 * its accounts. Imports events, addresses and accounts.
 */
@NullMarked
package dev.nippush.internal.match;

import org.jspecify.annotations.NullMarked;
