/**
 * Nostr events as they are signed and sent: immutable values, checked when they are made, with the one canonical form
 * that is hashed. Knows gson's reader; imports no other room.
 */
@NullMarked
package dev.nippush.event;

import org.jspecify.annotations.NullMarked;
