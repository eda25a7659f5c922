/**
 * Firebase Cloud Messaging, by its HTTP v1 interface. Imports core's {@code transport} and {@code address}, OkHttp,
 * google-auth and firebase-admin, and no other module.
 */
@NullMarked
package dev.nippush.fcm;

import org.jspecify.annotations.NullMarked;
