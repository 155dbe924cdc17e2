drop view books_6_messages, books_5_operations;
