package dev.nippush.server;

import dev.nippush.jdbc.JdbcPushStore;
import dev.nippush.jdbc.StoreException;
import java.io.IOException;
import java.nio.file.Files;

/** Opens the store that the configuration names. */
final class Stores {

    private Stores() {}

    /**
     * Opens it, and makes it at the first start.
     *
     * @throws Failure when it cannot be used; says what to do
     */
    static JdbcPushStore open(ServerConfig config) throws Failure {
        makeDirectory(config);
        try {
            String url = config.store().url();
            return config.store()
                    .password()
                    .map(password -> JdbcPushStore.open(url, password))
                    .orElseGet(() -> JdbcPushStore.open(url));
        } catch (StoreException e) {
            throw new Failure(e.getMessage());
        }
    }

    /** Makes the data directory, where the store is unless another place is named. */
    static void makeDirectory(ServerConfig config) throws Failure {
        try {
            Files.createDirectories(config.identity().dataDir());
        } catch (IOException e) {
            throw new Failure("cannot make " + config.identity().dataDir(), e);
        }
    }
}
