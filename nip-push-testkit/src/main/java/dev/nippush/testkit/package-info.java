/**
 * A relay, fake gateways, virtual time and contract tests. May import the core, BouncyCastle, Gson, Jetty, pushy, JUnit,
 * AssertJ, slf4j and logback.
 */
@NullMarked
package dev.nippush.testkit;

import org.jspecify.annotations.NullMarked;
