package dev.nippush.jdbc;

import dev.nippush.store.PushStore;
import dev.nippush.testkit.PushStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class SqlitePushStoreContractTest extends PushStoreContract {

    @TempDir
    private Path folder;

    @Override
    protected PushStore open() {
        return JdbcPushStore.open("jdbc:sqlite:" + folder.resolve("store.db"));
    }
}
