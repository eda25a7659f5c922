package dev.nippush.server;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the format of {@link java.util.Properties}, and remembers what that class forgets: on which line an entry
 * stands, and that a key stands there twice.
 */
final class PropertiesText {

    /**
     * One entry.
     *
     * @param line where it begins; the first line is 1
     * @param value with space around it removed
     */
    record Entry(int line, String key, String value) {}

    /** The text breaks a rule of the format. */
    static final class SyntaxException extends Exception {
        private static final long serialVersionUID = 1L;
        private final int line;

        SyntaxException(int line, String message) {
            super(message);
            this.line = line;
        }

        int line() {
            return line;
        }
    }

    private final String text;
    private int at;
    private int line = 1;

    private PropertiesText(String text) {
        this.text = text;
    }

    /** The entries in the order of the text, those with the same key included. */
    static List<Entry> parse(String text) throws SyntaxException {
        return new PropertiesText(text).entries();
    }

    private List<Entry> entries() throws SyntaxException {
        List<Entry> entries = new ArrayList<>();
        while (at < text.length()) {
            int first = line;
            String logical = logicalLine();
            if (!logical.isEmpty()) {
                entries.add(entry(first, logical));
            }
        }
        return entries;
    }

    /** The next line without leading space, joined with the lines that continue it; empty for blanks and comments. */
    private String logicalLine() {
        StringBuilder logical = new StringBuilder();
        boolean continued;
        do {
            String natural = naturalLine();
            if (logical.isEmpty() && (natural.startsWith("#") || natural.startsWith("!"))) {
                return "";
            }
            continued = endsInOddBackslashes(natural);
            logical.append(natural, 0, natural.length() - (continued ? 1 : 0));
        } while (continued && at < text.length());
        return logical.toString();
    }

    private String naturalLine() {
        int from = at;
        while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            at++;
        }
        int to = at;
        if (at < text.length()) {
            at += text.startsWith("\r\n", at) ? 2 : 1;
            line++;
        }
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        return text.substring(from, to);
    }

    private static boolean endsInOddBackslashes(String natural) {
        int count = 0;
        while (count < natural.length() && natural.charAt(natural.length() - 1 - count) == '\\') {
            count++;
        }
        return count % 2 == 1;
    }

    private static Entry entry(int line, String logical) throws SyntaxException {
        int end = 0;
        while (end < logical.length() && !endsKey(logical.charAt(end))) {
            end += logical.charAt(end) == '\\' ? 2 : 1;
        }
        end = Math.min(end, logical.length());
        int from = end;
        while (from < logical.length() && isSpace(logical.charAt(from))) {
            from++;
        }
        if (from < logical.length() && (logical.charAt(from) == '=' || logical.charAt(from) == ':')) {
            from++;
        }
        return new Entry(
                line,
                unescape(line, logical.substring(0, end)),
                unescape(line, logical.substring(from)).strip());
    }

    private static String unescape(int line, String escaped) throws SyntaxException {
        StringBuilder plain = new StringBuilder(escaped.length());
        for (int i = 0; i < escaped.length(); i++) {
            char c = escaped.charAt(i);
            if (c != '\\' || i + 1 == escaped.length()) {
                plain.append(c);
                continue;
            }
            i++;
            switch (escaped.charAt(i)) {
                case 't' -> plain.append('\t');
                case 'n' -> plain.append('\n');
                case 'r' -> plain.append('\r');
                case 'f' -> plain.append('\f');
                case 'u' -> {
                    plain.append(unicode(line, escaped, i + 1));
                    i += 4;
                }
                default -> plain.append(escaped.charAt(i));
            }
        }
        return plain.toString();
    }

    private static char unicode(int line, String escaped, int from) throws SyntaxException {
        String digits = escaped.substring(from, Math.min(from + 4, escaped.length()));
        if (!digits.matches("[0-9A-Fa-f]{4}")) {
            throw new SyntaxException(line, "\\u needs four hex digits; a backslash itself is written \\\\");
        }
        return (char) Integer.parseInt(digits, 16);
    }

    private static boolean endsKey(char c) {
        return c == '=' || c == ':' || isSpace(c);
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\f';
    }
}
