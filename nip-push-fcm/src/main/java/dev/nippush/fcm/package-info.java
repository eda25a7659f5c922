/** The transport to Firebase Cloud Messaging. May import the core, firebase-admin and OkHttp. */
@NullMarked
package dev.nippush.fcm;

import org.jspecify.annotations.NullMarked;
