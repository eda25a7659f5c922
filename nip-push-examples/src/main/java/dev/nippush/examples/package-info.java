/** Programs that show how to embed nip-push. May import what each of them shows. */
@NullMarked
package dev.nippush.examples;

import org.jspecify.annotations.NullMarked;
