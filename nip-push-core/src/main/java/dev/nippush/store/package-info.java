/**
 * What survives: the interface of a store, the changes that it is asked to make, and one in memory. Imports events,
 * addresses, accounts and push messages.
 */
@NullMarked
package dev.nippush.store;

import org.jspecify.annotations.NullMarked;
