package dev.nippush.jdbc;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What {@link StoreArchive#check} found.
 *
 * @param version of the tables
 * @param rows how many there are, without damaged ones
 * @param orphans how many held events and owed pushes belong to an account that the store does not know. They are no
 *     damage: nothing comes of them, and they are swept when they are over
 * @param damages how much is damaged
 * @param problems the first {@value #MAX_PROBLEMS} of these, a line each, without anything secret
 */
public record StoreReport(int version, StoreRows rows, long orphans, long damages, List<String> problems) {

    /** How many problems are told. */
    public static final int MAX_PROBLEMS = 100;

    public StoreReport {
        requireNonNull(rows);
        problems = List.copyOf(problems);
    }

    /** Whether nothing is damaged. */
    public boolean isSound() {
        return damages == 0;
    }
}
