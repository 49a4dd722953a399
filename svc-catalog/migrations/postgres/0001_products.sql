-- Words are looked for by their stem, and none is left out as too common: a product may be
-- called "THE KING GIFT BAG".
CREATE TEXT SEARCH DICTIONARY product_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION product_words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION product_words
    ALTER MAPPING FOR asciiword, word WITH product_stem;

CREATE TABLE products (
    -- "C": in the order of bytes, whatever the locale of the database.
    sku text COLLATE "C" PRIMARY KEY,
    title text NOT NULL,
    description text NOT NULL,
    currency text NOT NULL,
    -- In minor units of the currency.
    price bigint NOT NULL CHECK (price > 0),
    state text NOT NULL CHECK (state IN ('ACTIVE', 'ARCHIVED')),
    version bigint NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    -- Punctuation becomes space first: the parser would keep 3.5, A/B and T-LIGHT together.
    words tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('product_words',
            translate(title, '-_./\:@#%&+=~?<>''', repeat(' ', 18))), 'A') ||
        setweight(to_tsvector('product_words',
            translate(description, '-_./\:@#%&+=~?<>''', repeat(' ', 18))), 'B')
    ) STORED
);

CREATE INDEX products_words ON products USING gin (words);
