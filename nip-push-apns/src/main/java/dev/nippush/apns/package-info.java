/** The transport to the Apple Push Notification service. May import the core and pushy. */
@NullMarked
package dev.nippush.apns;

import org.jspecify.annotations.NullMarked;
