/** The engine and its builder: wires the rooms and owns the threads. May import every package of this module. */
@NullMarked
package dev.nippush;

import org.jspecify.annotations.NullMarked;
