"""The menu editor: menus, their versions, one document as tree and form, its review and its publication."""
