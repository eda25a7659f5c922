/**
 * Whether a client is in the foreground: a pure table of states and inputs. Imports nothing of this project.
 */
@NullMarked
package dev.nippush.internal.presence;

import org.jspecify.annotations.NullMarked;
