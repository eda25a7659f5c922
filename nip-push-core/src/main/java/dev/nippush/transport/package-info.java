/**
 * The whole world of a transport author: a message to one device, and what its provider answered. Imports events and
 * addresses, and gson for the one text that several transports write.
 */
@NullMarked
package dev.nippush.transport;

import org.jspecify.annotations.NullMarked;
