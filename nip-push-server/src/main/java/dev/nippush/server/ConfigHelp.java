package dev.nippush.server;

import java.util.List;

/** The configuration explained, out of the table of its keys. */
final class ConfigHelp {

    private static final int WIDTH = 96;

    private ConfigHelp() {}

    /** A properties file that says nothing: every key is commented out and explained. */
    static String example() {
        StringBuilder out = new StringBuilder();
        String group = "";
        for (ConfigKey<?> key : ConfigKeys.ALL) {
            if (!group.isEmpty() && !key.group().equals(group)) {
                out.append('\n');
            }
            group = key.group();
            wrap(key.description())
                    .forEach(line -> out.append("# ").append(line).append('\n'));
            out.append('#').append(key.name()).append('=').append(key.example()).append('\n');
        }
        return out.toString();
    }

    /** The rows of a Markdown table: key, default, meaning. */
    static String markdown() {
        StringBuilder out = new StringBuilder("| key | default | meaning |\n| --- | --- | --- |\n");
        for (ConfigKey<?> key : ConfigKeys.ALL) {
            String text = key.defaultText().orElse("");
            out.append("| `").append(key.name()).append("` | ");
            out.append(text.isEmpty() ? "none" : '`' + text + '`').append(" | ");
            out.append(key.description()).append(" |\n");
        }
        return out.toString();
    }

    private static List<String> wrap(String text) {
        StringBuilder lines = new StringBuilder();
        int column = 0;
        for (String word : text.split(" ")) {
            if (column > 0 && column + 1 + word.length() > WIDTH) {
                lines.append('\n');
                column = 0;
            }
            if (column > 0) {
                lines.append(' ');
                column++;
            }
            lines.append(word);
            column += word.length();
        }
        return lines.toString().lines().toList();
    }
}
