"""The page. Kept free of code: Panel runs this file twice."""
