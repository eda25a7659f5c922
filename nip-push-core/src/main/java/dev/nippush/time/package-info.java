/**
 * The engine's two clocks and its timers, in one interface that a host or a test can replace. Imports nothing.
 */
@NullMarked
package dev.nippush.time;

import org.jspecify.annotations.NullMarked;
