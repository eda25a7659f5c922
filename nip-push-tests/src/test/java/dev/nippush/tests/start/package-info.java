/** How long a server with many registrations takes to start, and how much memory it needs then. */
@NullMarked
package dev.nippush.tests.start;

import org.jspecify.annotations.NullMarked;
