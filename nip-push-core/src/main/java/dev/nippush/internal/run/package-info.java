/**
 * Mailboxes and credits: who works when, and how much at once. Knows nothing of Nostr; imports only the clock.
 */
@NullMarked
package dev.nippush.internal.run;

import org.jspecify.annotations.NullMarked;
