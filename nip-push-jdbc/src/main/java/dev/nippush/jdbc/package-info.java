/** The durable store, in an SQLite file or a PostgreSQL database. Knows the core and JDBC. */
@NullMarked
package dev.nippush.jdbc;

import org.jspecify.annotations.NullMarked;
