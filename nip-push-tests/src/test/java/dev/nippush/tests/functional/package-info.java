/**
 * Behaviour across rooms, through the public interface only: an engine on one thread and virtual time, a transport that
 * answers from a script. Imports anything that is published.
 */
@NullMarked
package dev.nippush.tests.functional;

import org.jspecify.annotations.NullMarked;
