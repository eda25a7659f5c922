package dev.nippush.relay;

/** A stranger's text, made fit for a log line. */
final class Excerpt {

    private static final int MAX_LENGTH = 200;

    private Excerpt() {}

    /** Returns its first 200 characters, each control character as a space. */
    static String of(String text) {
        StringBuilder out = new StringBuilder(Math.min(text.length(), MAX_LENGTH + 1));
        for (int i = 0; i < text.length() && i < MAX_LENGTH; i++) {
            char c = text.charAt(i);
            // Line separators, direction marks and half surrogates can disfigure a line too.
            int type = Character.getType(c);
            boolean plain = type != Character.CONTROL
                    && type != Character.FORMAT
                    && type != Character.LINE_SEPARATOR
                    && type != Character.PARAGRAPH_SEPARATOR
                    && type != Character.SURROGATE;
            out.append(plain ? c : ' ');
        }
        return text.length() > MAX_LENGTH ? out.append('…').toString() : out.toString();
    }
}
