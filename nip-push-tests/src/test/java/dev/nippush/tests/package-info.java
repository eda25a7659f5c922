/** Tests across rooms and across modules. May import everything. */
@NullMarked
package dev.nippush.tests;

import org.jspecify.annotations.NullMarked;
