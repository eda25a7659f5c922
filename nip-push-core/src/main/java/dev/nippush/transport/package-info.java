/**
 * The whole world of a transport author: a message to one device, and what its provider answered. Imports events and
 * addresses.
 */
@NullMarked
package dev.nippush.transport;

import org.jspecify.annotations.NullMarked;
