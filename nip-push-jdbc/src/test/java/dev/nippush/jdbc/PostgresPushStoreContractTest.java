package dev.nippush.jdbc;

import dev.nippush.store.PushStore;
import dev.nippush.testkit.PushStoreContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(TestPostgres.class)
class PostgresPushStoreContractTest extends PushStoreContract {

    private final String url;

    PostgresPushStoreContractTest(TestPostgres.Server postgres) {
        url = postgres.urlOfNewSchema();
    }

    @Override
    protected PushStore open() {
        return JdbcPushStore.open(url);
    }
}
