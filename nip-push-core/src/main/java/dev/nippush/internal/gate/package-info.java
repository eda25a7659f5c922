/**
 * The door: tells control messages from other events, and lets in what is proved. Imports events, addresses, crypto,
 * control messages, and the rooms of mailboxes and matching. Its tables are caches: losing one costs time, not truth.
 */
@NullMarked
package dev.nippush.internal.gate;

import org.jspecify.annotations.NullMarked;
