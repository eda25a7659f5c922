/** A relay, fake gateways, virtual time and contract tests. May import the core, BouncyCastle, Jetty, pushy, JUnit and AssertJ. */
@NullMarked
package dev.nippush.testkit;

import org.jspecify.annotations.NullMarked;
