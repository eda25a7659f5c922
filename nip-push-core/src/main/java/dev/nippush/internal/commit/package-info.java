/**
 * Writes to the store in order, and lets out what waited for it. Imports the store, the clock and the mailboxes.
 */
@NullMarked
package dev.nippush.internal.commit;

import org.jspecify.annotations.NullMarked;
