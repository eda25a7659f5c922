package dev.nippush.internal.delivery;

import java.util.ArrayDeque;

/** A number of places; who finds none waits in order of arrival, without a thread. Safe for use by several threads. */
final class Window {

    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private int free;

    /**
     * Makes a window with all its places free.
     *
     * @throws IllegalArgumentException when it has none
     */
    Window(int places) {
        if (places < 1) {
            throw new IllegalArgumentException("a window has 1 place or more: " + places);
        }
        this.free = places;
    }

    /**
     * Takes a place.
     *
     * @param granted called once the place is there: at once, or by whoever gives one back
     */
    void take(Runnable granted) {
        synchronized (waiting) {
            if (free == 0) {
                waiting.add(granted);
                return;
            }
            free--;
        }
        granted.run();
    }

    /** Gives a place back, or adds one. */
    void giveBack() {
        Runnable next;
        synchronized (waiting) {
            next = waiting.poll();
            if (next == null) {
                free++;
                return;
            }
        }
        next.run();
    }
}
