/**
 * Where things are: relays, sources of events, devices, and which network addresses may be dialled.
 * Imports only the JDK, and gson's strict reader for the JSON of a browser's push subscription.
 */
@NullMarked
package dev.nippush.address;

import org.jspecify.annotations.NullMarked;
