/**
 * Owed pushes on their way out: each lane is the only writer of its devices' pushes. Imports events, addresses, push
 * messages, the store, the clock, and the rooms of commits and mailboxes.
 */
@NullMarked
package dev.nippush.internal.delivery;

import org.jspecify.annotations.NullMarked;
