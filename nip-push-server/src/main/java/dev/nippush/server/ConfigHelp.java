package dev.nippush.server;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The configuration explained, out of the table of its keys. */
final class ConfigHelp {

    private static final int WIDTH = 74;

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

    /** What a server that was told nothing says about that. */
    static List<String> printing() {
        return List.of(
                "transport    none: pushes are printed here and reach no device. To push for real, write a file and start"
                        + " with --config FILE:",
                "  APNs         " + names(ConfigKeys.APNS_KEY_FILE, ConfigKeys.APNS_KEY_ID, ConfigKeys.APNS_TEAM_ID)
                        + ", " + ConfigKeys.APNS_TOPICS.name(),
                "  FCM          " + ConfigKeys.FCM_SERVICE_ACCOUNT.name(),
                "  UnifiedPush  " + ConfigKeys.UNIFIED_PUSH_ENABLED.name() + "=true",
                "  and where apps are heard: " + names(ConfigKeys.HOME, ConfigKeys.LISTEN)
                        + ". All keys: nip-push serve --help");
    }

    private static String names(ConfigKey<?>... keys) {
        return Stream.of(keys).map(ConfigKey::name).collect(Collectors.joining(", "));
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
