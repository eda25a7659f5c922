package dev.nippush.internal.run;

import java.util.LinkedHashMap;
import java.util.Map;

/** A bounded map that forgets what was used least recently. Not safe for use by several threads. */
public final class RecentMap<K, V> extends LinkedHashMap<K, V> {

    private static final long serialVersionUID = 1L;

    private final int capacity;

    public RecentMap(int capacity) {
        super(16, 0.75f, true);
        this.capacity = capacity;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > capacity;
    }
}
