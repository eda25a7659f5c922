package dev.nippush.tests.simulation;

/** The newest applied message of a sort; strong is what wins within a second. PROTOCOL section 3, "Order". */
record Mark(long createdAt, boolean strong) {

    static final Mark NONE = new Mark(Long.MIN_VALUE, false);

    boolean isNewerThan(Mark other) {
        return createdAt > other.createdAt || createdAt == other.createdAt && strong && !other.strong;
    }
}
