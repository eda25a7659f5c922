/**
 * Kind 22456 both ways: what an app says to its push server, how it is written and read, and what the server answers.
 * Imports events, addresses and crypto.
 */
@NullMarked
package dev.nippush.control;

import org.jspecify.annotations.NullMarked;
