package dev.nippush.server;

import java.util.List;

/** The configuration cannot be used. Says everything that is wrong with it, and repeats no value: it may be a secret. */
final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * One thing that is wrong.
     *
     * @param where the file and line, or the variable
     * @param key the key; empty when it is about the whole file
     */
    record Problem(String where, String key, String what) {
        @Override
        public String toString() {
            return where + ": " + (key.isEmpty() ? "" : key + ": ") + what;
        }
    }

    private final transient List<Problem> problems;

    ConfigException(List<Problem> problems) {
        super(String.join("\n", problems.stream().map(Problem::toString).toList()));
        this.problems = List.copyOf(problems);
    }

    List<Problem> problems() {
        return problems;
    }
}
