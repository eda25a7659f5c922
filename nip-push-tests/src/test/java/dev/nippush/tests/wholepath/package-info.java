/** The way of an event from relay to provider, over real sockets: relay pool, engine and transports of this project. */
@NullMarked
package dev.nippush.tests.wholepath;

import org.jspecify.annotations.NullMarked;
