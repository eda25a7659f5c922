package dev.nippush.server;

import dev.nippush.crypto.KeyPair;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the server's key pair, or makes one at the first start. */
final class Identity {

    /** In the data directory, where no other file is named. */
    static final String DEFAULT_FILE = "identity.key";

    private static final Logger LOG = LoggerFactory.getLogger(Identity.class);

    private Identity() {}

    /**
     * The key pair of a configuration. A file that others may read is used, with a warning: mounted secrets often are.
     *
     * @throws ConfigException when the named file holds no key
     * @throws Failure when a file cannot be read or made
     */
    static KeyPair of(ServerConfig config) throws ConfigException, Failure {
        Path directory = config.identity().dataDir();
        Path file = config.identity().keyFile().orElse(directory.resolve(DEFAULT_FILE));
        try {
            Files.createDirectories(directory);
            if (config.identity().keyFile().isEmpty()) {
                makeUnlessThere(file);
            }
            KeyPair key = KeyFile.read(file);
            if (KeyFile.isReadableByOthers(file)) {
                LOG.warn("others than its owner may read the private key in {}: chmod 600 it", file);
            }
            return key;
        } catch (IllegalArgumentException e) {
            if (config.identity().keyFile().isPresent()) {
                throw config.origins().error(ConfigKeys.KEY_FILE, e.getMessage());
            }
            throw new Failure(file + " " + e.getMessage());
        } catch (IOException e) {
            throw new Failure("cannot use the key in " + file, e);
        }
    }

    private static void makeUnlessThere(Path file) throws IOException {
        if (Files.exists(file)) {
            return;
        }
        try {
            KeyFile.create(file, KeyPair.generate());
            LOG.info("made a key pair: {}", file);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("another program was faster to make {}", file);
        }
    }
}
