/**
 * The engine on one thread and virtual time, in a world that a seed makes: clients, relays, providers and a disk, all of
 * which fail. May import everything but {@code dev.nippush.internal}.
 */
@NullMarked
package dev.nippush.tests.simulation;

import org.jspecify.annotations.NullMarked;
