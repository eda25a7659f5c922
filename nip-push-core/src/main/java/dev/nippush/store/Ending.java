package dev.nippush.store;

/** How an owed push ended. Each ends once. */
public enum Ending {
    /** The provider took it. */
    ACCEPTED,
    /** It is part of another push that stands for several events. */
    FOLDED,
    /** The account logged out, or the device is another account's now. */
    WITHDRAWN,
    /** The device is no longer there. */
    GONE,
    /** The provider refused it for good. */
    REJECTED,
    /** Its lifetime passed. */
    EXPIRED
}
