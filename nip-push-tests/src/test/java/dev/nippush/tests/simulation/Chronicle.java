package dev.nippush.tests.simulation;

import dev.nippush.store.PushKey;
import dev.nippush.testkit.VirtualTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What happened in a world, in words; and what was wrong. It costs time, so it is only written when somebody reads it. */
final class Chronicle {

    private final VirtualTime time;
    private final boolean written;
    private final StringBuilder trace = new StringBuilder();
    private final List<String> failures = new ArrayList<>();
    private final Map<String, String> names = new LinkedHashMap<>();

    Chronicle(VirtualTime time, boolean written) {
        this.time = time;
        this.written = written;
    }

    /** What a thing is called from now on; the first name stays. */
    void name(Object thing, String name) {
        if (written) {
            names.putIfAbsent(thing.toString(), name);
        }
    }

    String name(Object thing) {
        return names.getOrDefault(thing.toString(), thing.toString());
    }

    String name(PushKey push) {
        return name(push.event()) + " to " + name(push.device());
    }

    void note(Supplier<String> line) {
        if (written) {
            trace.append(String.format("%9.3f  ", time.nanoTime() / 1e9))
                    .append(line.get())
                    .append('\n');
        }
    }

    void wrong(String what) {
        String named = what;
        for (Map.Entry<String, String> each : names.entrySet()) {
            named = named.replace(each.getKey(), each.getValue());
        }
        String line = "WRONG: " + named;
        note(() -> line);
        failures.add(named);
    }

    List<String> failures() {
        return failures;
    }

    String trace() {
        return trace.toString();
    }
}
