/**
 * The messages between Nostr clients and relays, both ways: reading is strict and bounded, and needs no tree. May import
 * {@code dev.nippush.event}.
 */
@NullMarked
package dev.nippush.wire;

import org.jspecify.annotations.NullMarked;
