/** The program: configuration, command line and the one port it listens on. May import every published module. */
@NullMarked
package dev.nippush.server;

import org.jspecify.annotations.NullMarked;
