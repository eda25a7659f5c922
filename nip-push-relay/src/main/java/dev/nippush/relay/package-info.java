/** Connections to relays. May import the core and OkHttp. */
@NullMarked
package dev.nippush.relay;

import org.jspecify.annotations.NullMarked;
