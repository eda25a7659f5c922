/**
 * Keys, signatures and encryption; the only room that knows BouncyCastle. May import {@code dev.nippush.event}.
 */
@NullMarked
package dev.nippush.crypto;

import org.jspecify.annotations.NullMarked;
