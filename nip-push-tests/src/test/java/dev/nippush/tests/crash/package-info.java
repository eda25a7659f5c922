/**
 * The program as a process of its own, killed with SIGKILL at random moments under load, and an audit of what reached the
 * gateways afterwards. May import everything but {@code dev.nippush.internal}.
 *
 * <p>{@code ./mvnw verify} kills it ten times. The long run, two hundred times:
 *
 * <pre>{@code
 * ./mvnw -B -pl nip-push-tests -am verify -Dtest=CrashTest -Dsurefire.failIfNoSpecifiedTests=false -Dnip-push.kills=200
 * }</pre>
 *
 * <p>A failure names its seed: {@code -Dnip-push.seed=…} makes the same people, faults and kinds of kill again, but not
 * the same instants, which are the machine's.
 */
@NullMarked
package dev.nippush.tests.crash;

import org.jspecify.annotations.NullMarked;
