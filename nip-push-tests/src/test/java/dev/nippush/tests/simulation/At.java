package dev.nippush.tests.simulation;

/**
 * A moment on both clocks of the server, in milliseconds.
 *
 * @param mono what presence runs on: nobody sets it
 * @param wall what is compared with the dates of events and kept over restarts, since 1970: it may jump
 */
record At(long mono, long wall) {

    /** Another moment, if the wall clock did not jump in between. */
    At atMono(long other) {
        return new At(other, wall + (other - mono));
    }

    /** Where a moment of the wall clock lies on the other one, judged by what both show now. */
    long monoAt(long otherWall) {
        return mono + (otherWall - wall);
    }

    /** The wall clock as {@code created_at} counts. */
    long seconds() {
        return Math.floorDiv(wall, 1_000L);
    }
}
