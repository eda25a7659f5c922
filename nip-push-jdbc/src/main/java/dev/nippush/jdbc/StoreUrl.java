package dev.nippush.jdbc;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

/** Reads the URL of a store, and keeps what is secret in it apart from what may be shown. */
final class StoreUrl {

    private static final String SQLITE = "jdbc:sqlite:";
    private static final String POSTGRESQL = "jdbc:postgresql:";
    private static final Set<String> CREDENTIALS = Set.of("user", "password");

    private StoreUrl() {}

    /**
     * The database at a URL; nothing is opened.
     *
     * @throws StoreException when it is no URL of a store
     */
    static Database read(String url, Optional<String> password) {
        String text = url.strip();
        if (text.startsWith(SQLITE)) {
            return sqlite(text.substring(SQLITE.length()));
        }
        if (text.startsWith(POSTGRESQL)) {
            return postgresql(text.substring(POSTGRESQL.length()), password);
        }
        throw new StoreException("A store's URL begins with " + SQLITE + " or " + POSTGRESQL);
    }

    private static Database sqlite(String path) {
        String lower = path.toLowerCase(Locale.ROOT);
        if (path.isBlank() || path.startsWith(":") || lower.startsWith("file:") || path.indexOf('?') >= 0) {
            throw new StoreException(SQLITE + " is followed by the path of a file, without parameters");
        }
        try {
            return new SqliteDatabase(Path.of(path).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            throw new StoreException(SQLITE + " is followed by the path of a file, which this is not");
        }
    }

    /**
     * The driver gets user and password apart from the URL, so that none of its messages can show them. It takes them as
     * parameters only; before the host they are understood as well.
     */
    private static Database postgresql(String rest, Optional<String> password) {
        int question = rest.indexOf('?');
        String location = question < 0 ? rest : rest.substring(0, question);
        Properties properties = new Properties();
        int at = location.lastIndexOf('@');
        if (location.startsWith("//") && at >= 0) {
            String[] userInfo = location.substring("//".length(), at).split(":", 2);
            properties.setProperty("user", decoded(userInfo[0]));
            if (userInfo.length > 1) {
                properties.setProperty("password", decoded(userInfo[1]));
            }
            location = "//" + location.substring(at + 1);
        }
        List<String> parameters = new ArrayList<>();
        for (String parameter :
                question < 0 ? new String[0] : rest.substring(question + 1).split("&")) {
            int equals = parameter.indexOf('=');
            String name = equals < 0 ? parameter : parameter.substring(0, equals);
            if (equals >= 0 && CREDENTIALS.contains(name)) {
                properties.setProperty(name, decoded(parameter.substring(equals + 1)));
            } else if (!parameter.isEmpty()) {
                parameters.add(parameter);
            }
        }
        password.ifPresent(secret -> properties.setProperty("password", secret));
        String shown = POSTGRESQL + location;
        String url = parameters.isEmpty() ? shown : shown + '?' + String.join("&", parameters);
        return new PostgresDatabase(url, shown, properties);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // Not chained: its message repeats the text, which may be the password.
            throw new StoreException("User or password in the store's URL has a broken percent escape");
        }
    }
}
