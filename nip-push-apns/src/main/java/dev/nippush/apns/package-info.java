/** Pushes to Apple devices. May import core's events, addresses and transport, and pushy with the netty it brings. */
@NullMarked
package dev.nippush.apns;

import org.jspecify.annotations.NullMarked;
