/**
 * Owed pushes on their way out: each lane is the only writer of its devices' pushes. Imports addresses, push messages, the
 * store, and the rooms of matching, commits and mailboxes.
 */
@NullMarked
package dev.nippush.internal.delivery;

import org.jspecify.annotations.NullMarked;
